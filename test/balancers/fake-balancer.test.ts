import { balancerContract } from './balancer-contract.ts'
import { cutLock, fakeBalancer, fakeState } from './fake-balancer.ts'

balancerContract('the fake', async () => {
  const state = fakeState(['a', 'b', 'c'])
  return {
    hosts: state.hosts,
    open: () => fakeBalancer(state),
    byHand: async (out) => {
      state.out = out
      state.ours = []
    },
    startRequest: async (host) => {
      state.requests.set(host, 1)
      return { finish: async () => void state.requests.delete(host) }
    },
    setHealthy: (host, isHealthy) => void (isHealthy ? state.unhealthy.delete(host) : state.unhealthy.add(host)),
    reset: async () => {
      state.out = []
      state.ours = []
    },
    cut: async () => cutLock(state),
    close: async () => {},
  }
})
