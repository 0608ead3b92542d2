// Cases by name, run one after another; what failed is told as JSON. It runs among a client's packages.

export async function run(cases) {
    const told = {};
    for (const [name, work] of Object.entries(cases)) {
        told[name] = await fault(work, process.argv[2]);
    }
    console.log(JSON.stringify(told));
}

async function fault(work, baseUrl) {
    try {
        await work(baseUrl);
        return "";
    } catch (error) {
        const answer = error.response?.data ?? error.data ?? "";
        return `${error.stack} ${JSON.stringify(answer)}`.slice(0, 2000);
    }
}
