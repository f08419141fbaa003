/** Does in the live page what a visitor does, and says what came out otherwise than promised. */
export async function useLiveStore(tab, url) {
  const problems = []
  const itemsIn = (layer) => tab.locator(`[data-layer=${layer}] .item`).allInnerTexts()
  const press = async (name) => {
    await tab.getByRole('button', { name, exact: true }).click()
    await tab.locator('.bar button:enabled').first().waitFor()
  }
  const expect = async (layer, items) => {
    const found = await itemsIn(layer)
    if (JSON.stringify(found) !== JSON.stringify(items))
      problems.push(`in ${layer} there is ${JSON.stringify(found)} instead of ${JSON.stringify(items)}`)
  }
  await tab.goto(url, { waitUntil: 'networkidle' })
  await tab.locator('.live:not(.off)').waitFor()
  await press('add, durable')
  await press('commit two')
  await press('add')
  await expect('disk', ['sand', 'silt', 'clay'])
  await expect('memory', ['ash'])
  await press('cut the power')
  await press('start again')
  await tab.locator('.live:not(.off)').waitFor()
  await expect('disk', ['sand', 'silt', 'clay'])
  await expect('lost', ['ash'])
  await press('add')
  await press('flush')
  await expect('disk', ['sand', 'silt', 'clay', 'chalk'])
  await tab.locator('[data-layer=disk] .item').first().click()
  await tab
    .getByText("→ 'sand'")
    .waitFor({ timeout: 5000 })
    .catch(() => problems.push('a click on an item does not read it'))
  return problems
}
