import { mount } from '@vue/test-utils'
import { describe, expect, it } from 'vitest'
import type { VideoPlace } from '@/api/types'
import { i18n } from '@/i18n/language'
import VideoMoment from './VideoMoment.vue'

const clip: VideoPlace = { url: 'http://store/ab01.mp4', source_uri: '/films/clip.mp4', at_s: 83.5, shot: 3 }

function shown(video: VideoPlace) {
  const view = mount(VideoMoment, { props: { video }, global: { plugins: [i18n] } })
  return { view, part: (id: string) => view.find(`[data-testid=${id}]`) }
}

describe('the video of a picture', () => {
  it('is fetched only when a person wants to see it, from the moment of the picture, and does not start by itself', async () => {
    const { view, part } = shown(clip)
    expect(part('video-moment').text()).toContain('1:23')
    expect(part('video-moment').text()).toContain('clip.mp4')
    expect(view.find('video').exists()).toBe(false)
    await part('video-open').trigger('click')
    expect(view.get('video').attributes('src')).toBe('http://store/ab01.mp4#t=83.5')
    expect(view.get('video').attributes()).toHaveProperty('controls')
    expect(view.get('video').attributes()).not.toHaveProperty('autoplay')
  })

  it('is put away when another picture comes', async () => {
    const { view, part } = shown(clip)
    await part('video-open').trigger('click')
    await view.setProps({ video: { ...clip, at_s: 90 } })
    expect(view.find('video').exists()).toBe(false)
    expect(part('video-moment').text()).toContain('1:30')
  })

  it('that does not play is said to', async () => {
    const { view, part } = shown(clip)
    await part('video-open').trigger('click')
    await view.get('video').trigger('error')
    expect(view.find('video').exists()).toBe(false)
    expect(part('video-unplayable').exists()).toBe(true)
  })

  it('is not offered where its bytes are not kept', () => {
    const { part } = shown({ ...clip, url: null })
    expect(part('video-moment').text()).toContain('1:23')
    expect(part('video-open').exists()).toBe(false)
  })
})
