/** Where the tags of instances are read, and which one counts. */
export interface Ec2Options {
  /** The Region of the instances. Default: that of the AWS settings. */
  readonly region?: string | undefined;
  /** The VPC of the instances. Absent: any of the Region; then an address that stands in two VPCs has no tags. */
  readonly vpc?: string | undefined;
  /** The key of the EC2 tag that lists an instance's tags, with commas. Default `attache`. */
  readonly tag: string;
}
