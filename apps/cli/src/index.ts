// The reeve command.
export {};
