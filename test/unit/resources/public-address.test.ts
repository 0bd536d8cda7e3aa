import { describe, expect, test } from '@jest/globals';
import { isAddress, isPublicAddress } from '../../../src/resources/public-address.ts';

describe('addresses that are public', () => {
  test.each([
    ['1.1.1.1'],
    ['9.255.255.255'],
    ['11.0.0.0'],
    ['100.63.255.255'],
    ['100.128.0.0'],
    ['126.255.255.255'],
    ['128.0.0.0'],
    ['169.253.255.255'],
    ['172.15.255.255'],
    ['172.32.0.0'],
    ['192.167.255.255'],
    ['192.169.0.0'],
    ['198.17.255.255'],
    ['198.20.0.0'],
    ['223.255.255.255'],
    ['2606:4700:4700::1111'],
    ['2a00:1450:4001:82a::200e'],
    ['2001:4860:4860::8888'],
    ['64:ff9b::1.1.1.1'],
    ['::ffff:8.8.8.8'],
  ])('%s', (address) => expect(isPublicAddress(address)).toBe(true));
});

describe('addresses that are not', () => {
  test.each([
    ['0.0.0.0', 'this host'],
    ['0.1.2.3', 'this network'],
    ['10.0.0.1', 'private'],
    ['100.64.0.1', 'carrier-grade NAT'],
    ['100.127.255.255', 'carrier-grade NAT, last'],
    ['127.0.0.1', 'loopback'],
    ['127.255.255.254', 'loopback, last'],
    ['169.254.169.254', 'cloud metadata'],
    ['172.16.0.1', 'private'],
    ['172.31.255.255', 'private, last'],
    ['192.0.0.192', 'cloud metadata of another vendor'],
    ['192.0.2.1', 'documentation'],
    ['192.88.99.1', '6to4 relay'],
    ['192.168.1.1', 'private'],
    ['198.18.0.1', 'benchmarking'],
    ['198.19.255.255', 'benchmarking, last'],
    ['198.51.100.7', 'documentation'],
    ['203.0.113.7', 'documentation'],
    ['224.0.0.1', 'multicast'],
    ['239.255.255.255', 'multicast, last'],
    ['240.0.0.1', 'reserved'],
    ['255.255.255.255', 'broadcast'],
    ['::', 'unspecified'],
    ['::1', 'loopback'],
    ['::127.0.0.1', 'IPv4-compatible'],
    ['::ffff:127.0.0.1', 'mapped loopback'],
    ['::ffff:7f00:1', 'mapped loopback in hex'],
    ['0:0:0:0:0:ffff:a9fe:a9fe', 'mapped metadata, written out'],
    ['64:ff9b::10.0.0.1', 'private through NAT64'],
    ['64:ff9b:1::1', 'local-use NAT64'],
    ['100::1', 'discard'],
    ['2001::1', 'Teredo'],
    ['2001:db8::1', 'documentation'],
    ['2002:7f00:1::', '6to4 of loopback'],
    ['3fff::1', 'documentation'],
    ['fc00::1', 'unique local'],
    ['fd00:ec2::254', 'cloud metadata in IPv6'],
    ['fe80::1', 'link-local'],
    ['fec0::1', 'site-local'],
    ['ff02::1', 'multicast'],
  ])('%s (%s)', (address) => {
    expect(isAddress(address)).toBe(true);
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('texts that are no address', () => {
  test.each([
    [''],
    ['localhost'],
    ['1.1.1'],
    ['1.1.1.1.1'],
    ['01.1.1.1'],
    ['256.1.1.1'],
    ['0x7f.0.0.1'],
    [' 1.1.1.1'],
    ['1:2:3:4:5:6:7'],
    ['1:2:3:4:5:6:7:8:9'],
    ['1::2::3'],
    ['1:2:3:4:5:6:7:8::'],
    ['fe80::1%eth0'],
    ['2606:4700::g'],

    ['1.1.1.1::'],
    ['1.1.1.1:2:3:4:5:6:7'],
    [':::'],
  ])('%s', (text) => {
    expect(isAddress(text)).toBe(false);
    expect(isPublicAddress(text)).toBe(false);
  });
});
