import { s3Backend } from '@varve/s3-backend'
import { AwsClient } from 'aws4fetch'

/** Where the tests' object store answers: `pnpm test:s3` starts one and says so. */
export const endpoint = process.env.VARVE_TEST_S3_ENDPOINT

/** What the tests that need it are called where there is none. */
export const needsCluster = endpoint ? '' : ' (skipped: needs the cluster that pnpm test:s3 starts)'

export const credentials = { accessKeyId: 'testkey', secretAccessKey: 'testsecret' }
export const bucket = 'varve-test'

let count = 0

/** A prefix that no test has used. */
export function freshPrefix(): string {
  return `t${process.pid}-${Date.now()}-${++count}`
}

export function backendAt(prefix: string, options: Partial<Parameters<typeof s3Backend>[0]> = {}) {
  return s3Backend({ bucket, prefix, endpoint: endpoint ?? 'http://127.0.0.1:1', credentials, ...options })
}

export async function makeBucket(name = bucket): Promise<void> {
  const client = new AwsClient({ ...credentials, service: 's3', region: 'us-east-1' })
  const answer = await client.fetch(`${endpoint}/${name}`, { method: 'PUT' })
  if (!answer.ok && answer.status !== 409) throw new Error(`the bucket can't be made: ${answer.status} ${await answer.text()}`)
}
