// Runs the script that its arguments name, cut off from every network.
import { runCutOff } from '../cut-off.ts';

const [script = '', ...args] = process.argv.slice(2);
process.exitCode = await runCutOff(script, args);
