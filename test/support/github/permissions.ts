const levels = ['read', 'write', 'admin'] as const;

/** How much a permission allows; each includes those before it. */
export type Level = (typeof levels)[number];

/** What an installation or a token may do: `{ contents: 'read', issues: 'write' }`. */
export type Permissions = Readonly<Record<string, Level>>;

/** Whether `text` is a level. */
export function isLevel(text: unknown): text is Level {
  return levels.includes(text as Level);
}

/** Whether `granted` holds the permission at this level or above. */
export function allows(granted: Permissions, name: string, level: Level): boolean {
  const held = granted[name];
  return held !== undefined && levels.indexOf(held) >= levels.indexOf(level);
}
