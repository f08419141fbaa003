/**
 * The bytes of a data file as FORMAT.md describes them, decoded: pure functions for tools that look at files as they lie on disk. A store is opened with `Varve`, not with these.
 * @module
 */
export { BLOCK_HEADER_BYTES, BLOCK_MAGIC, type BlockHeader, type BlockPlace, readBlockHeader } from './block-header.js'
export { storeSeedOf } from './checksum.js'
export { decodeFileHeader, FILE_HEADER_BYTES, type FileHeader, type FileHeaderFault } from './file-header.js'
export { type DataFileName, parseDataFileName } from './file-name.js'
export { RECORD_HEADER_BYTES, type RecordState, recordState } from './record.js'
