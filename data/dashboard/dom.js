// SPDX-License-Identifier: LGPL-2.1-or-later
// Elements, made of text alone: what comes from elsewhere is never read as markup.

const SVG = 'http://www.w3.org/2000/svg';

export function byId(id) {
  return document.getElementById(id);
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    node.setAttribute(name, String(value));
  }
  node.append(...children);
  return node;
}

/** An element with attributes, and children that are elements or text. */
export function element(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function isLike(one, other) {
  return one.cloneNode().isEqualNode(other.cloneNode());
}

/**
 * Has a node's children be like those, and leaves alone what is: who reads there stays there, what is
 * selected stays selected, and nothing is animated anew.
 */
export function update(node, ...children) {
  const old = [...node.childNodes];
  children.forEach((child, index) => {
    const was = old[index];
    if (was === undefined) {
      node.append(child);
    } else if (typeof child !== 'string' && child.nodeType === was.nodeType && isLike(was, child)) {
      update(was, ...child.childNodes);
    } else if (typeof child !== 'string' || was.nodeType !== Node.TEXT_NODE || was.data !== child) {
      was.replaceWith(child);
    }
  });
  old.slice(children.length).forEach((child) => child.remove());
}

/** Has a list's items be those, in that order; none of them is moved without need. */
export function arrange(list, items) {
  const kept = new Set(items);
  [...list.children].filter((item) => !kept.has(item)).forEach((item) => item.remove());
  let next = list.firstElementChild;
  for (const item of items) {
    if (item === next) {
      next = next.nextElementSibling;
    } else {
      list.insertBefore(item, next);
    }
  }
}

/** Sets a text where it is another, so that a screen reader is told of changes alone. */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
