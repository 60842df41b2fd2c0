import { strict as assert } from "node:assert";
import { test } from "node:test";
import { addressKind } from "../../../../src/upstream/wire/address-kind.js";

const examples = {
  public: [
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "192.169.0.1",
    "100.63.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "::ffff:8.8.8.8",
    "64:ff9b::808:808",
    "2002:808:808::1",
    "2001:200::1",
  ],
  private: [
    "127.0.0.1",
    "127.255.255.254",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fc00::1",
    "fdff::1",
    "::ffff:127.0.0.1",
    "::ffff:a00:1",
    "64:ff9b::7f00:1",
    "2002:a00:1::1",
    // Translated inside the local network: the internet does not route there.
    "64:ff9b:1::808:808",
    "64:ff9b:1:2:3:4:a00:1",
    "::ffff:0:8.8.8.8",
    "::ffff:0:10.0.0.1",
    "2606:4700::5efe:8.8.8.8",
    "2606:4700::200:5efe:a00:1",
    "fd00::5efe:8.8.8.8",
  ],
  "link-local": [
    "169.254.169.254",
    "169.254.170.2",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "100.100.100.200",
    "168.63.129.16",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::a9fe:a9fe",
    "::ffff:0:169.254.169.254",
    "2001:4860::5efe:169.254.169.254",
  ],
  reserved: [
    "0.0.0.0",
    "0.1.2.3",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "ff02::1",
    "2001:db8::1",
    "::7f00:1",
    "192.88.99.1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:2::1",
    "3fff::1",
    "3fff:fff::1",
    "5f00::1",
    "100::1",
    "4000::1",
  ],
};

for (const [kind, addresses] of Object.entries(examples)) {
  for (const address of addresses) {
    test(`${address} is ${kind}`, () => {
      assert.equal(addressKind(address), kind);
    });
  }
}
