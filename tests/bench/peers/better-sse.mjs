// SPDX-License-Identifier: LGPL-2.1-or-later

// The benchmark's stream as better-sse does it: one channel that broadcasts to all sessions.

import { createServer } from 'node:http'
import { createChannel, createSession } from 'better-sse'

const channel = createChannel()

async function follow (request, response) {
  channel.register(await createSession(request, response, { keepAlive: null }))
}

function publish (request, response) {
  const parts = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    channel.broadcast(JSON.parse(Buffer.concat(parts).toString()))
    response.writeHead(204).end()
  })
}

const server = createServer((request, response) => {
  if (request.method === 'POST') publish(request, response)
  else follow(request, response)
})
server.keepAliveTimeout = 0
server.listen({ port: 0, host: '127.0.0.1', backlog: 4096 }, () => {
  console.log(`better-sse: listening on 127.0.0.1:${server.address().port}`)
})
