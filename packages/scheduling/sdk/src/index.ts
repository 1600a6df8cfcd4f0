/** Submit, follow and handle tasks from a program. */
export * from './handler.ts';
export * from './schema.ts';
