// A store's life on a real disk, with the built packages, under the runtime that runs this file. Prints a line of JSON for each step: what was tried, and why it failed if it did.
//
//   scenario.mjs                    the scenario, in a new directory
//   scenario.mjs ROLE DIRECTORY     another process that it needs
import { ok as assert, deepEqual, equal, rejects } from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { fsBackend, open as openStore, stopOnSignals, Varve } from '../../packages/varve/dist/index.js'

const encode = (text) => new TextEncoder().encode(text)
const decode = (bytes) => new TextDecoder().decode(bytes)
/** Those opened by the step that runs: `await using` is no syntax yet for every runtime. */
let opened = []
async function open(...args) {
  const db = await openStore(...args)
  opened.push(db)
  return db
}
async function stopAll() {
  await Promise.all(opened.map((db) => db.stop()))
  opened = []
}

const say = (value) => console.log(JSON.stringify(value))

const roles = {
  /** Adds durably, and says where, until it is killed. */
  async writer(directory) {
    const db = await open(directory, { maxFileSize: 64 * 1024 })
    for (let n = 0; ; n++) say(await db.add(encode(`item ${n} ${'.'.repeat(n % 500)}`), { durable: true }))
  },
  /** Says how opening the store for writing ends. */
  async intruder(directory) {
    const db = await openStore(directory).catch(({ code }) => say({ code }))
    await db?.stop()
  },
  /** Says what it sees beside the writer. */
  async reader(directory) {
    const db = await open(directory, { readOnly: true })
    const items = []
    for await (const { data } of db.scan()) items.push(decode(data))
    say({ items })
    await db.stop()
  },
  /** Follows until it has seen the item it waits for. */
  async follower(directory) {
    const db = await open(directory, { readOnly: true })
    say({ follows: true })
    for await (const { data } of db.scan({ follow: true })) {
      if (decode(data) !== 'the last one') continue
      say({ seen: true })
      break
    }
    await db.stop()
  },
  /** Adds, and is told to end. */
  async servant(directory) {
    const db = await open(directory)
    stopOnSignals(db)
    say(await db.add(encode('kept')))
    setInterval(() => {}, 1000)
  },
  /** Adds, and ends without a word. */
  async leaver(directory) {
    const db = await open(directory)
    say(await db.add(encode('added and left')))
  },
}

async function runAll() {
  const root = mkdtempSync(join(tmpdir(), 'varve-runtime-'))
  process.on('exit', () => rmSync(root, { recursive: true, force: true }))
  for (const [name, step] of Object.entries(steps)) {
    const directory = join(root, name.replaceAll(/\W+/g, '-'))
    try {
      say({ step: name, ok: true, detail: await within(60_000, step(directory)) })
    } catch (error) {
      say({ step: name, ok: false, detail: error instanceof Error ? (error.stack ?? error.message) : String(error) })
    } finally {
      await stopAll()
    }
  }
  process.exit(0)
}

const steps = {
  async 'add, transaction, stop, reopen, read back, verify'(directory) {
    const locations = []
    const before = await open(directory, { maxFileSize: 16 * 1024 })
    for (let n = 0; n < 1000; n++) locations.push(await before.add(encode(`item ${n}`)))
    locations.push(await before.add(encode('durable'), { durable: true }))
    const transaction = before.transaction()
    transaction.add(encode('both'))
    transaction.add(encode('or neither'))
    locations.push(...(await transaction.commit()))
    await before.stop()
    const db = await open(directory, { maxFileSize: 16 * 1024 })
    equal(decode(await db.read(locations[999])), 'item 999')
    equal(decode(db.readSync(locations[1000])), 'durable')
    equal(decode((await db.readMany(locations)).at(-1)), 'or neither')
    const pieces = []
    for await (const piece of await db.readStream(locations[1001])) pieces.push(decode(piece))
    equal(pieces.join(''), 'both')
    const scanned = []
    for await (const { location } of db.scan()) scanned.push(location)
    deepEqual(scanned, locations)
    for await (const { data } of db.scan({ reverse: true })) {
      equal(decode(data), 'or neither')
      break
    }
    const { isIntact, items } = await db.verify()
    deepEqual({ isIntact, items }, { isIntact: true, items: locations.length })
  },

  async 'trim, drop, copy, repair, destroy'(directory) {
    const options = { maxFileSize: 4096, overwrite: true }
    const db = await open(directory, options)
    const locations = []
    for (let n = 0; n < 500; n++) locations.push(await db.add(encode(`item ${n}`)))
    await db.flush()
    await db.ltrim(locations[10].index, locations[10].position)
    equal(await db.read(locations[9]), undefined)
    await db.dropIndex(locations[300].index)
    equal(await db.read(locations[300]), undefined)
    await db.copyTo(fsBackend(`${directory}-copy`))
    await db.stop()
    const { isIntact } = await Varve.repair(fsBackend(`${directory}-copy`), { maxFileSize: 4096, dryRun: true })
    assert(isIntact !== false)
    const copy = await open(`${directory}-copy`, options)
    equal(decode(await copy.read(locations[10])), 'item 10')
    await db.destroy()
  },

  async 'kill -9 while it writes, recover'(directory) {
    for (let round = 0; round < 3; round++) {
      const writer = run('writer', directory)
      const locations = []
      for await (const line of writer.lines) if (locations.push(JSON.parse(line)) === 200) break
      writer.child.kill('SIGKILL')
      await writer.exit
      const db = await open(directory, { maxFileSize: 64 * 1024 })
      const read = await db.readMany(locations)
      deepEqual(
        read.map((bytes) => decode(bytes).split(' ')[1]),
        locations.map((_, n) => String(n)),
      )
      equal((await db.verify()).isIntact, true)
      await db.stop()
    }
  },

  async 'one writer at a time, with readers beside it'(directory) {
    const db = await open(directory)
    await db.add(encode('one'), { durable: true })
    const [refused] = await run('intruder', directory).all()
    equal(refused?.code, 'LOCKED')
    deepEqual(await run('reader', directory).all(), [{ items: ['one'] }])
    await rejects(open(directory), { code: 'LOCKED' })
    const { lock } = await db.stats()
    return lock
  },

  async 'follow from another process'(directory) {
    const db = await open(directory)
    await db.add(encode('first'), { durable: true })
    const follower = run('follower', directory)
    for await (const line of follower.lines) {
      if (JSON.parse(line).seen) break
      await db.add(encode('the last one'), { durable: true })
    }
    await follower.exit
  },

  async 'a killed writer leaves no lock'(directory) {
    const writer = run('writer', directory)
    for await (const _ of writer.lines) break
    writer.child.kill('SIGKILL')
    await writer.exit
    const db = await open(directory)
    equal(db.state, 'running')
  },

  async 'a signal stops the store, and ends the program'(directory) {
    if (process.platform === 'win32') return 'there are no such signals on Windows'
    const servant = run('servant', directory)
    let location
    for await (const line of servant.lines) {
      location = JSON.parse(line)
      break
    }
    servant.child.kill('SIGTERM')
    deepEqual(await servant.exit, [null, 'SIGTERM'])
    const db = await open(directory)
    equal(decode(await db.read(location)), 'kept')
  },

  async 'what is only added is kept when the program ends by itself'(directory) {
    const [location] = await run('leaver', directory).all()
    const db = await open(directory)
    equal(decode(await db.read(location)), 'added and left')
  },
}

function run(name, directory) {
  const args = [...JSON.parse(process.env.VARVE_RUNTIME_ARGS ?? '[]'), fileURLToPath(import.meta.url), name, directory]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  const lines = createInterface({ input: child.stdout })
  const all = async () => {
    const said = []
    for await (const line of lines) said.push(JSON.parse(line))
    await exit
    return said
  }
  return { child, exit, lines, all }
}

async function within(ms, promise) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not over after ${ms} ms`)), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}

const [role, directoryOfRole] = process.argv.slice(2)
if (role) await roles[role](directoryOfRole)
else await runAll()
