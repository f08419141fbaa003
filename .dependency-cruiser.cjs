// Who may import what. Paths are of the sources: tsconfig.json maps the packages' names to them.

/** A package's sources import its own sources, the packages named here, and nothing else. */
function only(name, { packages = [], modules = [], builtins = false, except }) {
  const own = `^packages/${name}/src/`
  const allowed = [
    own,
    `^packages/${name}/package\\.json$`,
    ...packages.map((path) => `^packages/${path}`),
    ...modules.map((path) => `(^|/)node_modules/${path}/`),
  ]
  return {
    name: `${name}-imports`,
    severity: 'error',
    from: { path: own, ...(except && { pathNot: except }) },
    to: { pathNot: allowed, ...(builtins && { dependencyTypesNot: ['core'] }) },
  }
}

const core = 'packages/core/src'

module.exports = {
  forbidden: [
    only('backend', { except: '^packages/backend/src/conformance/' }),
    {
      name: 'conformance-imports',
      comment: 'The suite runs under vitest, wherever the backend it tests is.',
      severity: 'error',
      from: { path: '^packages/backend/src/conformance/' },
      to: { pathNot: ['^packages/backend/src/', '(^|/)node_modules/vitest/'] },
    },
    only('core', { packages: ['backend/src/index\\.ts$'], except: `^${core}/platform/node\\.ts$` }),
    {
      name: 'core-node-platform',
      comment: 'The one place in core that knows Node.',
      severity: 'error',
      from: { path: `^${core}/platform/node\\.ts$` },
      to: { pathNot: [`^${core}/`], dependencyTypesNot: ['core'] },
    },
    only('fs-backend', { packages: ['backend/src/index\\.ts$'], modules: ['fs-native-extensions'], builtins: true }),
    only('opfs-backend', { packages: ['backend/src/index\\.ts$'] }),
    only('s3-backend', { packages: ['backend/src/index\\.ts$'], modules: ['aws4fetch'] }),
    only('memory-backend', { packages: ['backend/src/index\\.ts$'], modules: ['memfs'] }),
    only('varve', { packages: ['(core|fs-backend)/src/index\\.ts$'], builtins: true }),
    only('cli', {
      packages: ['(backend|core|fs-backend|memory-backend|varve)/src/index\\.ts$', 'core/src/format/index\\.ts$'],
      modules: [
        '@bomb\\.sh/tab',
        '@clack/prompts',
        'bytes-iec',
        'cli-progress',
        '@types/cli-progress',
        'cli-table3',
        'commander',
        'filesize',
        'modern-tar',
        '@types/ms',
        'ms',
      ],
      builtins: true,
    }),
    only('bench', {
      packages: ['(backend|core|fs-backend|memory-backend)/src/index\\.ts$'],
      modules: [
        'bytes-iec',
        'cli-progress',
        '@types/cli-progress',
        'cli-table3',
        'commander',
        'd3-scale',
        '@types/d3-scale',
        'filesize',
        'simple-statistics',
      ],
      builtins: true,
    }),
    only('rigs', {
      packages: ['(core|fs-backend|memory-backend)/src/index\\.ts$', 'backend/src/(faults/)?index\\.ts$'],
      modules: ['commander', 'fast-check'],
      builtins: true,
    }),

    {
      name: 'format-is-pure',
      comment: 'Bytes to values and back: no I/O, no clock, no state of the engine.',
      severity: 'error',
      from: { path: `^${core}/format/` },
      to: { path: `^${core}/`, pathNot: `^${core}/(format/|platform/|errors\\.ts$)` },
    },
    {
      name: 'platform-is-lowest',
      severity: 'error',
      from: { path: `^${core}/platform/` },
      to: { path: `^${core}/`, pathNot: `^${core}/platform/` },
    },
    {
      name: 'varve-is-on-top',
      comment: 'varve.ts composes; only the entry exports it.',
      severity: 'error',
      from: { path: `^${core}/`, pathNot: `^${core}/index\\.ts$` },
      to: { path: `^${core}/(varve|index)\\.ts$` },
    },
    {
      name: 'packages-by-name',
      comment: 'Another package is imported as its users import it, not by a path into it.',
      severity: 'error',
      from: { path: '^packages/([^/]+)/' },
      to: { path: '^packages/', pathNot: '^packages/$1/', dependencyTypesNot: ['aliased'] },
    },
    {
      name: 'sources-without-tests',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { path: '^packages/[^/]+/test/' },
    },
    {
      name: 'no-cycles',
      comment:
        'A type-only import is gone from what runs, so it may close a circle: an error names a location, a location throws an error.',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-undeclared',
      comment: 'Sources import what their package.json names for its users. The conformance suite is held to vitest above.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: '^packages/backend/src/conformance/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^packages/[^/]+/dist/' },
    tsPreCompilationDeps: true,
    combinedDependencies: false,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'types', 'default'] },
  },
}
