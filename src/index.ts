/** `tendon`: define a robot, start it, command it. */
export { type Clock, systemClock, type Timer } from './base/clock.ts'
export {
  type ControlLoopOptions,
  controlLoop,
  type LoopCounts,
  type LoopTick,
  type LoopTime,
} from './base/control-loop.ts'
export { fileStorage } from './base/file-storage.ts'
export { type FromParam, fromParam } from './base/from-param.ts'
export {
  type Canceled,
  type CancelReason,
  type Failed,
  Interrupted,
  type Outcome,
  type Refused,
  type Succeeded,
  type Uncertain,
} from './base/outcome.ts'
export { nearNames, type Problem, type Severity, TendonError } from './base/problem.ts'
export type { ProblemCode } from './base/problems/index.ts'
export type { Schema } from './base/schema.ts'
export { memoryStorage, type Storage } from './base/storage.ts'
export * from './base/units.ts'
export type { CategorySpec, ConflictPolicy, StateSpec } from './define/categories.ts'
export type { Command, CommandSpec } from './define/command.ts'
export {
  above,
  below,
  type Condition,
  type HoldOptions,
  health,
  inside,
  matches,
  outside,
  type Pattern,
  stale,
  type ThresholdOptions,
} from './define/condition.ts'
export type {
  DriveOptions,
  Inbox,
  JointGoal,
  JointSpeeds,
  JointsAccess,
  Next,
  RunContext,
} from './define/context.ts'
export type { Handle, RunStatus } from './define/handle.ts'
export { defaultLimits, type Limits } from './define/limits.ts'
export type { ModelTypes } from './define/model-types.ts'
export {
  all,
  type Channel,
  call,
  type Fork,
  fork,
  monitor,
  type Op,
  type OpGenerator,
  op,
  publish,
  race,
  read,
  receive,
  send,
  sleep,
  subscribe,
  ticker,
  timer,
} from './define/operation.ts'
export {
  type ParameterMap,
  type ParameterSpec,
  type ParameterValue,
  type ParameterValueOf,
  param,
} from './define/parameter.ts'
export type { RobotDefinition } from './define/robot-definition.ts'
export { defineRobot, type RobotModel, type RobotSpec } from './define/robot-model.ts'
export type { Occasion, RuleRobot, RuleSpec } from './define/rule.ts'
export type { CommandMap, CommandOp } from './define/script.ts'
export type { SensorReader } from './define/sensor-reader.ts'
export { type Service, type ServiceEnv, service } from './define/service.ts'
export type {
  JointDefinition,
  JointPace,
  JointSpec,
  JointType,
  Mimic,
  PositionJointDefinition,
  SpeedJointDefinition,
  StopPolicy,
} from './device/joint.ts'
export type { LinkPort, LinkSpec, LinkStatus } from './device/link.ts'
export type { Latest, Reading } from './device/sensor.ts'
export type { ByteTransport } from './device/transport.ts'
export type { Guard, GuardedLine, GuardPort, GuardRecord, Will, WillDeed } from './guard/contract.ts'
export { type ProcessGuardOptions, processGuard } from './guard/process-guard.ts'
export type { EventLog } from './log/event-log.ts'
export type { RobotEvent, SafetyState } from './log/events.ts'
export { jsonText } from './log/json-lines.ts'
export type { BusReport, JointReading, JointVerdict, LoopHealth, MoveResult, StopVerdict } from './motion/contract.ts'
export type { ParameterChange, ParameterInfo, RobotParameters } from './params/robot-parameters.ts'
export {
  type JointRecording,
  RECORDING_LIMITS,
  type RecordedRobot,
  type RecordingSample,
} from './recording/joint-recording.ts'
export { type ParseOptions, parseRecording } from './recording/parse.ts'
export { type PlayContext, type Played, type PlayOptions, type PlayProgress, playJoints } from './recording/play.ts'
export {
  type RecordContext,
  type Recorded,
  type RecordOptions,
  type RecordProgress,
  recordJoints,
} from './recording/record.ts'
export { retime, type TimedMotion } from './recording/retime.ts'
export { type RecordingShelf, recordings } from './recording/shelf.ts'
export type { TrackingError } from './recording/tracking.ts'
export type { RuleInfo } from './rules/rule.ts'
export { fromLogic } from './run/from-logic.ts'
export type { JointStateStream, JointStates } from './runtime/joint-states.ts'
export type { ArmVerdict, Cause } from './runtime/lifecycle.ts'
export type { CancelTarget, CategoryView, Robot, RobotOf, RunInfo } from './runtime/robot.ts'
export { type StartOptions, start } from './runtime/start.ts'
export type { Safety } from './state/robot-state.ts'
export type { SensorSubscription } from './stream/audience.ts'
export type { HealthChange, SensorHealth } from './stream/health.ts'
export { buffer, latest, type Overflow, sample } from './stream/overflow.ts'
export type { SensorCounts } from './stream/sensor.ts'
