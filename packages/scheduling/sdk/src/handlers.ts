/** What a module of handlers needs, and what runs them: without the session of a submitter, so a runner starts fast. */
export * from './handler.ts';
export * from './schema.ts';
