// One ensemble member as a state machine.
export {};
