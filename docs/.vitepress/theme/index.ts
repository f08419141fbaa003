import type { Theme } from 'vitepress'
import DefaultTheme from 'vitepress/theme'
import { defineAsyncComponent } from 'vue'
import './style.css'
import MermaidDiagram from './mermaid-diagram.vue'

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component('MermaidDiagram', MermaidDiagram)
    app.component(
      'LiveStore',
      defineAsyncComponent(() => import('./live-store.vue')),
    )
  },
} satisfies Theme
