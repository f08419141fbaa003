import { Agent, createServer, type IncomingMessage, type ServerResponse, request as send } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A proxy before an object store that loses its connections at a given request, for good: as a program that crashes there. */
export interface CuttingProxy {
  readonly endpoint: string
  /** Method and path of every request that came. */
  readonly requests: string[]
  /** The request, counted from 1, that is the last: cut before the store hears of it, or when it has done it. */
  cut: { readonly at: number; readonly when: 'before' | 'after' } | undefined
  close(): Promise<void>
}

export async function startCuttingProxy(upstream: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(upstream)
  const agent = new Agent({ keepAlive: true })
  const requests: string[] = []
  let isCut = false

  const pass = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const body: Buffer[] = []
    for await (const chunk of incoming) body.push(chunk)
    if (isCut) return void incoming.socket.destroy()
    const number = requests.push(`${incoming.method} ${incoming.url}`)
    const isLast = number === proxy.cut?.at
    if (isLast) isCut = true
    if (isLast && proxy.cut?.when === 'before') return void incoming.socket.destroy()
    const { method, url, headers } = incoming
    const forwarded = send({ hostname, port, agent, method, path: url, headers }, (answer) => {
      const parts: Buffer[] = []
      answer.on('data', (part) => parts.push(part))
      answer.on('end', () => {
        if (isCut) return void incoming.socket.destroy()
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers).end(Buffer.concat(parts))
      })
    })
    forwarded.on('error', () => incoming.socket.destroy())
    forwarded.end(Buffer.concat(body))
  }

  const server = createServer((incoming, outgoing) => void pass(incoming, outgoing).catch(() => incoming.socket.destroy()))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const proxy: CuttingProxy = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    cut: undefined,
    async close() {
      server.closeAllConnections()
      agent.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return proxy
}
