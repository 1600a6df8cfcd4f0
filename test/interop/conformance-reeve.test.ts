import { serviceKinds } from '@reeve/testkit';
import { examineRecipesOn } from './conformance/conformance.ts';

examineRecipesOn(serviceKinds.reeve);
