import { createApp } from 'vue'
import { VueQueryPlugin } from '@tanstack/vue-query'
import { createRouter, createWebHistory } from 'vue-router'
import { createQueryClient } from '@/api/queryClient'
import App from '@/app/App.vue'
import { scrollBehavior } from '@/app/scrollBehavior'
import SearchPage from '@/app/SearchPage.vue'
import { fetchQueryPictures } from '@/features/query/pictures/onDemand'
import { i18n, loadLanguage } from '@/i18n/language'
import './styles/tokens.css'
import './styles/base.css'

const router = createRouter({
  history: createWebHistory(),
  scrollBehavior,
  routes: [
    { path: '/', component: SearchPage },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})

const asksByPicture = /[?&](up|obj)=/.test(location.search)

// A link with pictures waits for what shows them, so that nothing moves; else that comes when there is nothing else to do.
await Promise.all([loadLanguage(i18n.global.locale.value), asksByPicture && fetchQueryPictures()])
createApp(App).use(i18n).use(VueQueryPlugin, { queryClient: createQueryClient() }).use(router).mount('#app')
setTimeout(() => void import('@/app/keptFocus').then(({ keepFocus }) => keepFocus(), () => {}), 300) // once the page can be used
if (!asksByPicture) setTimeout(() => void fetchQueryPictures().catch(() => {}), 2000)
