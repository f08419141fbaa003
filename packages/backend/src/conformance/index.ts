export { type ConformanceCase, type ConformanceContext, type MakeContainer, runCase, type TestContainer } from './conformance-case.js'
export { conformanceSuite } from './conformance-suite.js'
export { type BackendUnderTest, describeBackend } from './describe-backend.js'
export { type Guarantee, guarantees } from './guarantees.js'
