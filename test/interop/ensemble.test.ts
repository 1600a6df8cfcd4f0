import { describe } from '@jest/globals';
import { startApacheEnsemble } from '@reeve/testkit';
import { ensembleCases } from '../e2e/ensemble-cases.ts';

describe('an ensemble of Apache ZooKeepers', () => void ensembleCases(startApacheEnsemble));
