import { PoorDriver } from "../support/poor-driver/poor-driver.js";
import { testStorageChanges } from "./storage-changes.js";
import { testStorageDriver } from "./storage-driver.js";
import { testStorageRaces } from "./storage-races.js";
import { testGrowingContent, testStaging } from "./storage-staging.js";

testStorageDriver("poor", async () => new PoorDriver());
testStaging("poor", async () => new PoorDriver());
testGrowingContent("poor", async () => new PoorDriver());
testStorageChanges("poor", async () => new PoorDriver());
testStorageRaces("poor", async () => new PoorDriver());
