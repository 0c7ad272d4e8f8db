/** A running instance, as EC2 describes it. */
export interface Ec2Instance {
  /** For example `i-0123456789abcdef0`. */
  readonly id: string;
  readonly vpc: string | undefined;
  /** Every private IPv4 and every IPv6 address of its network interfaces, as EC2 writes them. */
  readonly addresses: readonly string[];
  /** Its EC2 tags. */
  readonly tags: ReadonlyMap<string, string>;
}

/** An element of EC2's XML: a text, or more elements by their name. One that repeats is a list. */
type Element = unknown;

/**
 * The instances in EC2's answer to DescribeInstances, whatever their state.
 *
 * @param answer the content of `DescribeInstancesResponse`, parsed.
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html
 */
export function readInstances(answer: unknown): { readonly state: string; readonly instance: Ec2Instance }[] {
  return items(answer, 'reservationSet')
    .flatMap((reservation) => items(reservation, 'instancesSet'))
    .map((element) => ({ state: text(child(element, 'instanceState'), 'name'), instance: instanceOf(element) }));
}

function instanceOf(element: Element): Ec2Instance {
  const interfaces = items(element, 'networkInterfaceSet');
  const addresses = [
    text(element, 'privateIpAddress'),
    text(element, 'ipv6Address'),
    ...interfaces.flatMap((it) => [
      text(it, 'privateIpAddress'),
      ...items(it, 'privateIpAddressesSet').map((address) => text(address, 'privateIpAddress')),
      ...items(it, 'ipv6AddressesSet').map((address) => text(address, 'ipv6Address')),
    ]),
  ];
  return {
    id: text(element, 'instanceId'),
    vpc: text(element, 'vpcId') || undefined,
    addresses: [...new Set(addresses)].filter((address) => address !== ''),
    tags: new Map(items(element, 'tagSet').map((tag) => [text(tag, 'key'), text(tag, 'value')])),
  };
}

function items(parent: Element, name: string): readonly Element[] {
  const item = child(child(parent, name), 'item');
  if (item === undefined || item === '') return [];
  return Array.isArray(item) ? item : [item];
}

function text(parent: Element, name: string): string {
  const value = child(parent, name);
  return typeof value === 'string' ? value : '';
}

function child(parent: Element, name: string): Element {
  return typeof parent === 'object' && parent !== null && Object.hasOwn(parent, name)
    ? (parent as Record<string, Element>)[name]
    : undefined;
}
