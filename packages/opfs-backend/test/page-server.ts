import { fileURLToPath } from 'node:url'
import { createServer, type ViteDevServer } from 'vite'

const root = fileURLToPath(new URL('./browser/', import.meta.url))
const packages = fileURLToPath(new URL('../../', import.meta.url))
const [folder, extension] = process.env.TEST_DIST ? ['dist', 'js'] : ['src', 'ts']

/** Serves the pages of the tests, which import the packages as their users do. */
export async function servePages(): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server: ViteDevServer = await createServer({
    configFile: false,
    root,
    cacheDir: `${root}/../../node_modules/.vite-pages-${process.pid}`,
    logLevel: 'error',
    server: { host: '127.0.0.1', port: 0, hmr: false, watch: null, fs: { allow: [packages] } },
    // Everything is source: there is nothing to optimize, which would reload pages under their tests.
    optimizeDeps: { noDiscovery: true },
    plugins: [{ name: 'worker-source', configureServer: ({ middlewares }) => void middlewares.use(toSource) }],
    resolve: {
      alias: [
        { find: /^vitest$/, replacement: `${root}no-test-runner.ts` },
        { find: '#platform', replacement: `${packages}core/${folder}/platform/portable.${extension}` },
        { find: /^@varve\/([a-z-]+)$/, replacement: `${packages}$1/${folder}/index.${extension}` },
        { find: /^@varve\/([a-z-]+)\/(.+)$/, replacement: `${packages}$1/${folder}/$2/index.${extension}` },
      ],
    },
  })
  await server.listen()
  return { url: server.resolvedUrls!.local[0]!, close: () => server.close() }
}

// An import of a .js finds the .ts that it is made from; the address of a worker does not.
function toSource(request: { url?: string | undefined }, _response: unknown, next: () => void): void {
  if (folder === 'src') request.url = request.url?.replace('/opfs-backend/src/worker.js', '/opfs-backend/src/worker.ts') ?? '/'
  next()
}
