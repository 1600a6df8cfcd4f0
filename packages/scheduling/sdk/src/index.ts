/** Submit, follow and handle tasks from a program. */
export * from './handler.ts';
export * from './reeve-error.ts';
export * from './schema.ts';
export * from './task-id.ts';
export type { CommandRequest, HandlerRequest, SubmitOptions, TaskRequest } from './task-request.ts';
