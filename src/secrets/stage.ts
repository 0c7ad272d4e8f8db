/**
 * The labels by which AWS Secrets Manager tells the versions of a secret apart.
 *
 * @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
 */
export type Stage = 'AWSCURRENT' | StagedLabel;

/** The labels that are looked up only around a rotation. */
export type StagedLabel = 'AWSPENDING' | 'AWSPREVIOUS';

/** Those labels, in the order in which their versions are tried. */
export const STAGED: readonly StagedLabel[] = Object.freeze(['AWSPENDING', 'AWSPREVIOUS']);
