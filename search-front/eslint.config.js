import vue from 'eslint-plugin-vue'
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

// Each folder of src imports from itself and from those before it; no feature imports another. `@/` names what lies in
// another folder, so that these rules see all of it.
const LAYERS = ['api', 'lib', 'url', 'i18n', 'ui', 'features', 'app']
const FEATURES = ['query', 'results', 'filters', 'viewer', 'adding', 'selecting', 'status', 'around', 'refining', 'saved']

function mayNotImport(folder, names, message) {
  const pattern = `^(\\.\\./|@/(${names.join('|')})/)`
  return {
    files: [`src/${folder}/**`],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ regex: pattern, message }] }],
      'no-restricted-syntax': ['error', { selector: `ImportExpression[source.value=/${pattern.replaceAll('/', '\\/')}/]`, message }],
    },
  }
}

const layerRules = LAYERS.map((layer, i) =>
  mayNotImport(layer, ['testing', ...LAYERS.slice(i + 1)], `${layer} imports only from ${LAYERS.slice(0, i + 1).join(', ')}, by @/.`),
)
const featureRules = FEATURES.map((feature) => {
  const others = FEATURES.filter((other) => other !== feature).map((other) => `features/${other}`)
  return mayNotImport(`features/${feature}`, ['testing', 'app', ...others], 'No feature imports another: put what both need below them, or join them in app.')
})

export default defineConfig(
  { ignores: ['dist/', 'node_modules/', 'src/api/schema.d.ts'] },
  tseslint.configs.recommended,
  vue.configs['flat/recommended'],
  {
    files: ['**/*.vue'],
    languageOptions: { parserOptions: { parser: tseslint.parser } },
  },
  ...layerRules,
  ...featureRules,
  {
    rules: {
      'no-undef': 'off', // TypeScript knows the globals
      'no-console': 'error',
      'vue/no-v-html': 'error',
      'vue/max-attributes-per-line': 'off',
      'vue/singleline-html-element-content-newline': 'off',
      'vue/html-self-closing': ['error', { html: { void: 'always', normal: 'never', component: 'always' }, svg: 'always' }],
      'vue/html-closing-bracket-newline': 'off',
      'vue/html-indent': 'off',
      'vue/first-attribute-linebreak': 'off',
      'vue/require-default-prop': 'off',
      'vue/component-api-style': ['error', ['script-setup']],
      'max-lines': ['error', 350],
    },
  },
)
