// Chromium, as `check:runtimes` calls it.
import '../check-browser.mjs'
