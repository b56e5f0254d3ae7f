import { createApp } from 'vue'
import { createRouter, createWebHistory } from 'vue-router'
import App from './App.vue'
import { scrollPlace } from './scrolling'
import SearchPage from './components/SearchPage.vue'
import { i18n } from './language'
import './styles/tokens.css'
import './styles/base.css'

const router = createRouter({
  history: createWebHistory(),
  scrollBehavior: scrollPlace,
  routes: [
    { path: '/', component: SearchPage },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

createApp(App).use(i18n).use(router).mount('#app')
