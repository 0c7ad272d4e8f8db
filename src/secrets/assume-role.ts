import { NodeHttpHandler } from '@smithy/node-http-handler';
import { lifetimeOf } from '../tokens/lifetime.ts';
