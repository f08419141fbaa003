// What runs in a worker of `opfsPageBackend`. Imported by a worker of one's own, it answers beside whatever else that does.
import { serve } from './page/serve.js'
import type { MessageEndpoint } from './web-platform.js'

serve(globalThis as unknown as MessageEndpoint)
