// SPDX-License-Identifier: LGPL-2.1-or-later

// The benchmark's stream as NestJS does it: one subject that all subscribers share. Without a
// compiler, decorators are called as the functions they are.

import 'reflect-metadata'
import { Body, Controller, HttpCode, Module, Post, Sse } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { Subject } from 'rxjs'

class Bench {
  constructor () {
    this.subject = new Subject()
  }

  stream () {
    return this.subject.asObservable()
  }

  publish (update) {
    this.subject.next({ data: update })
  }
}

function decorate (name, ...decorators) {
  const descriptor = Object.getOwnPropertyDescriptor(Bench.prototype, name)
  for (const decorator of decorators) decorator(Bench.prototype, name, descriptor)
}

decorate('stream', Sse('stream'))
decorate('publish', Post('publish'), HttpCode(204))
Body()(Bench.prototype, 'publish', 0)
Controller()(Bench)

class App {}
Module({ controllers: [Bench] })(App)

const app = await NestFactory.create(App, { logger: false })
const server = app.getHttpServer()
server.keepAliveTimeout = 0
await app.listen(0, '127.0.0.1')
console.log(`nestjs: listening on 127.0.0.1:${server.address().port}`)
