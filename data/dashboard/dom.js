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

/** Sets a text where it is another, so that a screen reader is told of changes alone. */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
