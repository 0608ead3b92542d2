// What a program with the library fhir-kit-client does: every interaction that it knows.

import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";
import { run } from "./cases.mjs";

const patient = (family, more = {}) => ({ resourceType: "Patient", name: [{ family }], ...more });

async function refused(work) {
    try {
        await work;
    } catch (error) {
        return error.response;
    }
    throw new Error("it was not refused");
}

await run({
    async "it understands the capability statement"(baseUrl) {
        const told = await new Client({ baseUrl }).capabilityStatement();
        assert.equal(told.fhirVersion, "4.0.1");
    },

    async "it finds out how to authenticate"(baseUrl) {
        const told = await new Client({ baseUrl }).smartAuthMetadata();
        assert.match(String(told.tokenUrl), /\/auth\/token$/);
    },

    async "it creates, reads, updates, patches, reads versions and deletes"(baseUrl) {
        const client = new Client({ baseUrl });
        const created = await client.create({ resourceType: "Patient", body: patient("Kit") });
        assert.equal(Client.httpFor(created).response.status, 201);
        const { resourceType, id } = created;
        const changed = await client.update({ resourceType, id, body: { ...created, gender: "female" } });
        assert.equal(changed.meta.versionId, "2");
        const jsonPatch = [{ op: "replace", path: "/gender", value: "male" }];
        assert.equal((await client.patch({ resourceType, id, jsonPatch })).gender, "male");
        assert.equal((await client.read({ resourceType, id })).meta.versionId, "3");
        assert.equal((await client.vread({ resourceType, id, version: "2" })).gender, "female");
        assert.equal((await client.history({ resourceType, id })).entry.length, 3);
        await client.delete({ resourceType, id });
        assert.equal((await refused(client.read({ resourceType, id }))).status, 410);
        assert.equal((await client.history({ resourceType, id })).entry.length, 4);
    },

    async "it updates what a search finds"(baseUrl) {
        const client = new Client({ baseUrl });
        const identifier = [{ system: "urn:kit", value: "1" }];
        const searchParams = { identifier: "urn:kit|1" };
        const body = patient("Conditional", { identifier });
        const first = await client.update({ resourceType: "Patient", searchParams, body });
        const again = await client.update({ resourceType: "Patient", searchParams, body: { ...body, gender: "other" } });
        assert.equal(again.id, first.id);
        assert.equal(again.meta.versionId, "2");
    },

    async "it searches by GET and by POST, with values that repeat"(baseUrl) {
        const client = new Client({ baseUrl });
        const { id } = await client.create({ resourceType: "Patient", body: patient("Search", { birthDate: "1900-05-05" }) });
        const searchParams = { family: "search", birthdate: ["ge1900-01-01", "lt1901-01-01"] };
        for (const postSearch of [false, true]) {
            const found = await client.search({ resourceType: "Patient", searchParams, options: { postSearch } });
            assert.deepEqual(found.entry.map((entry) => entry.resource.id), [id]);
        }
    },

    async "it searches a compartment and the whole system"(baseUrl) {
        const client = new Client({ baseUrl });
        const { id } = await client.create({ resourceType: "Patient", body: patient("Compartment") });
        const subject = { reference: `Patient/${id}` };
        const condition = { resourceType: "Condition", subject, code: { text: "x" } };
        const made = await client.create({ resourceType: "Condition", body: condition });
        const compartment = { resourceType: "Patient", id };
        const within = await client.compartmentSearch({ resourceType: "Condition", compartment });
        assert.deepEqual(within.entry.map((entry) => entry.resource.id), [made.id]);
        const everywhere = await client.systemSearch({ searchParams: { _id: made.id, _type: "Condition,Patient" } });
        assert.deepEqual(everywhere.entry.map((entry) => entry.resource.id), [made.id]);
    },

    async "it goes through pages forward and back"(baseUrl) {
        const client = new Client({ baseUrl });
        for (let number = 0; number < 5; number += 1) {
            await client.create({ resourceType: "Patient", body: patient(`Paged${number}`) });
        }
        const searchParams = { family: "paged", _count: "2", _sort: "family" };
        const first = await client.search({ resourceType: "Patient", searchParams });
        const names = [];
        let last = first;
        for (let bundle = first; bundle; bundle = await client.nextPage({ bundle })) {
            names.push(...bundle.entry.map((entry) => entry.resource.name[0].family));
            last = bundle;
        }
        assert.deepEqual(names, ["Paged0", "Paged1", "Paged2", "Paged3", "Paged4"]);
        const back = await client.prevPage({ bundle: last });
        if (back) assert.deepEqual(back.entry.map((entry) => entry.resource.name[0].family), ["Paged2", "Paged3"]);
    },

    async "it reads the history of a type and of the system"(baseUrl) {
        const client = new Client({ baseUrl });
        const { id } = await client.create({ resourceType: "Group", body: { resourceType: "Group", type: "person", actual: true } });
        const ofType = await client.history({ resourceType: "Group" });
        assert.ok(ofType.entry.some((entry) => entry.resource?.id === id));
        assert.equal((await client.history()).type, "history");
    },

    async "it sends batches and transactions"(baseUrl) {
        const client = new Client({ baseUrl });
        const entry = [
            { resource: patient("Bundled"), request: { method: "POST", url: "/Patient" } },
            { request: { method: "GET", url: "Patient?family=nobody-is-called-so" } },
        ];
        for (const type of ["batch", "transaction"]) {
            const told = await client[type]({ body: { resourceType: "Bundle", type, entry } });
            assert.equal(told.type, `${type}-response`);
            assert.deepEqual(told.entry.map((each) => each.response.status.slice(0, 3)), ["201", "200"]);
        }
    },

    async "it calls operations"(baseUrl) {
        const client = new Client({ baseUrl });
        const { id } = await client.create({ resourceType: "Patient", body: patient("Everything") });
        const all = await client.operation({ name: "$everything", resourceType: "Patient", id, method: "GET" });
        assert.ok(all.entry.some((each) => each.resource.id === id));
        const input = { resourceType: "Parameters", parameter: [{ name: "resource", resource: patient("Valid") }] };
        const told = await client.operation({ name: "validate", resourceType: "Patient", input });
        assert.equal(told.resourceType, "OperationOutcome");
    },

    async "it resolves references, of the hub, within a bundle and contained"(baseUrl) {
        const client = new Client({ baseUrl });
        const { id } = await client.create({ resourceType: "Patient", body: patient("Referenced") });
        assert.equal((await client.resolve({ reference: `Patient/${id}` })).id, id);
        assert.equal((await client.resolve({ reference: `${baseUrl}/Patient/${id}` })).id, id);
        const context = await client.search({ resourceType: "Patient", searchParams: { _id: id } });
        assert.equal((await client.resolve({ reference: `Patient/${id}`, context })).id, id);
    },

    async "it is told why it is refused"(baseUrl) {
        const client = new Client({ baseUrl });
        const answer = await refused(client.create({ resourceType: "Patient", body: patient("X", { gender: "unsaid" }) }));
        assert.equal(answer.status, 422);
        assert.equal(answer.data.resourceType, "OperationOutcome");
        assert.equal((await refused(client.read({ resourceType: "Patient", id: "nobody" }))).status, 404);
    },
});
