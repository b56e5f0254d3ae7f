import { computed } from 'vue'
import { useQuery } from '@tanstack/vue-query'
import { useFormatters } from '@/i18n/useFormatters'
import { areaText } from '@/lib/place'
import type { Cluster } from './clusters'
import { countriesOf, countryAt, countryName, type Topology } from './outlines'

const MOST_NAMED = 2 // countries of one place; more are told by the sides of its area alone

/** The countries of the world, fetched when a map is first shown, and what places are called by them. */
export function usePlaceNames() {
  const { locale } = useFormatters()
  const world = useQuery({
    queryKey: ['world'],
    queryFn: async () => countriesOf((await import('world-atlas/countries-110m.json')).default as unknown as Topology),
    staleTime: Infinity,
    gcTime: Infinity,
  })
  const countries = computed(() => world.data.value ?? [])

  /** The countries in which a place lies, those with most pictures first, and its sides. */
  function nameOf({ area, points }: Cluster): string {
    const names = points.map((point) => countryName(countryAt(countries.value, point), locale.value))
    const distinct = [...new Set(names)].filter(Boolean)
    const list = new Intl.ListFormat(locale.value, { type: 'unit' }).format(distinct.slice(0, MOST_NAMED))
    return [distinct.length > MOST_NAMED ? `${list}…` : list, areaText(area)].filter(Boolean).join(' · ')
  }

  return { countries, nameOf }
}
