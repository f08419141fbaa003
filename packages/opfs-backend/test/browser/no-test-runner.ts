// Stands for the test runner where the conformance suite is run by hand, in a browser.
const nothing = (): void => {}

export { nothing as describe, nothing as test }
