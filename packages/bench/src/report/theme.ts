import type { Contender } from '../contender.js'

/** The colours of a chart. */
export interface Theme {
  readonly name: 'light' | 'dark'
  readonly background: string
  readonly text: string
  readonly muted: string
  readonly line: string
  readonly colors: Readonly<Record<Contender['role'], readonly string[]>>
}

// The palette of Okabe and Ito, which the colour-blind can tell apart, and two greys for the limits.
const LIMITS = { light: ['#8c959f', '#c2c9d1'], dark: ['#848d97', '#4b535d'] }
const PEERS = ['#0072b2', '#56b4e9', '#009e73', '#e69f00', '#f0c94a', '#cc79a7', '#8e6bbf', '#6f8f3f', '#a0522d']
const STORE = ['#d55e00']

export const themes: Readonly<Record<'light' | 'dark', Theme>> = {
  light: {
    name: 'light',
    background: '#ffffff',
    text: '#1f2328',
    muted: '#59636e',
    line: '#d1d9e0',
    colors: { store: STORE, limit: LIMITS.light, peer: PEERS },
  },
  dark: {
    name: 'dark',
    background: '#0d1117',
    text: '#f0f6fc',
    muted: '#9198a1',
    line: '#3d444d',
    colors: { store: STORE, limit: LIMITS.dark, peer: PEERS },
  },
}
