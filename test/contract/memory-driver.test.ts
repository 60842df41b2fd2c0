import { MemoryDriver } from "../../src/storage/drivers/memory/memory-driver.js";
import { testStorageChanges, testWholeRemovals } from "./storage-changes.js";
import { testStorageDriver } from "./storage-driver.js";
import { testStorageRaces } from "./storage-races.js";
import { testGrowingContent, testStaging } from "./storage-staging.js";

testStorageDriver("memory", async () => new MemoryDriver());
testStaging("memory", async () => new MemoryDriver());
testGrowingContent("memory", async () => new MemoryDriver());
testStorageChanges("memory", async () => new MemoryDriver());
testStorageRaces("memory", async () => new MemoryDriver());
testWholeRemovals("memory", async () => new MemoryDriver());
