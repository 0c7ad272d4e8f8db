/**
 * A request's path that cannot carry a credential. The message never quotes the path, which may hold one, and is safe to show
 * to callers.
 */
export class PathError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PathError';
  }
}
