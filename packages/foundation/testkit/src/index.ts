// Scenario runner, golden files and real ensembles for tests.
export {};
