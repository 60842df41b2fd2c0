import { MemoryDriver } from "../../src/storage/drivers/memory-driver.js";
import { testStorageDriver } from "./storage-driver.js";

testStorageDriver("memory", async () => new MemoryDriver());
