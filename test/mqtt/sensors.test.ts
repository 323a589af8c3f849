import { embedded } from './brokers.ts'
import { sensorFacts } from './sensor-facts.ts'

sensorFacts(embedded)
