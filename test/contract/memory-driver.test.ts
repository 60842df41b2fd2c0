import { MemoryDriver } from "../../src/storage/drivers/memory-driver.js";
import { testStorageChanges } from "./storage-changes.js";
import { testStorageDriver } from "./storage-driver.js";

testStorageDriver("memory", async () => new MemoryDriver());
testStorageChanges("memory", async () => new MemoryDriver());
