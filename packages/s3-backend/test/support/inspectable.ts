import { Container } from '../../src/container.js'
import { resolveOptions, type S3BackendOptions } from '../../src/options.js'
import { S3Backend } from '../../src/s3-backend.js'

/** A backend that can be looked into, for a bucket of the tests' own server unless it is said otherwise; it never waits between looks. */
export function inspectable(options: Partial<S3BackendOptions>): S3Backend {
  const credentials = { accessKeyId: 'key', secretAccessKey: 'secret' }
  return new S3Backend(new Container(resolveOptions({ bucket: 'bucket', credentials, idleInterval: 0, ...options }, {})))
}
