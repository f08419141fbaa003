export { type S3BackendOptions, type S3Credentials, s3Backend } from './s3-backend.js'
