export async function createJaxTrainer(..._: any[]): Promise<any> {}
