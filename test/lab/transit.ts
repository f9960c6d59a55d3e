/** What becomes of datagrams on their way, as their receiver sees it. */
import { DEPLOYER_ADDRESS } from './ground.ts'
import type { Lab } from './lab.ts'
import type { Machine } from './machine.ts'

export interface Transit {
  /** Of those that were sent between the first and the last that arrived: how many did not, from 0 to 1. */
  readonly lostShare: number
  readonly shortestMs: number
}

/** Both read the same clock, that of the box. `null` is the deployer. */
export async function transit(lab: Lab, from: Machine | null, to: Machine | null): Promise<Transit> {
  const program = (on: Machine | null, text: string) =>
    lab.program([...(on?.inNetwork() ?? []), process.execPath, '-e', text, to?.address ?? DEPLOYER_ADDRESS])
  const receiver = program(to, RECEIVE)
  const sender = program(from, SEND)
  const { stdout, stderr } = await receiver.result
  sender.kill('SIGKILL')
  await sender.result
  if (stdout === '') throw new Error(`nothing was received: ${stderr}`)
  return JSON.parse(stdout) as Transit
}

const PORT = 4100
const EVERY_MS = 2
const SENT = 600

const SEND = `
const socket = require('node:dgram').createSocket('udp4')
let number = 0
setInterval(() => {
  const datagram = Buffer.alloc(16)
  datagram.writeBigInt64LE(BigInt(number++), 0)
  datagram.writeBigInt64LE(process.hrtime.bigint(), 8)
  socket.send(datagram, ${PORT}, process.argv[1])
}, ${EVERY_MS})`

const RECEIVE = `
const socket = require('node:dgram').createSocket('udp4')
let first = null
let received = 0
let shortestMs = Infinity
socket.on('message', (datagram) => {
  const number = Number(datagram.readBigInt64LE(0))
  first ??= number
  received++
  shortestMs = Math.min(shortestMs, Number(process.hrtime.bigint() - datagram.readBigInt64LE(8)) / 1e6)
  if (number - first < ${SENT}) return
  console.log(JSON.stringify({ lostShare: 1 - received / (number - first + 1), shortestMs }))
  process.exit()
})
socket.bind(${PORT}, process.argv[1])`
