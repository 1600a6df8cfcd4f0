package interop;

import static interop.ClientCases.bytes;
import static interop.Stage.eventually;
import static interop.Stage.same;
import static interop.Stage.that;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.concurrent.TimeUnit;
import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.recipes.nodes.GroupMember;
import org.apache.curator.framework.recipes.nodes.PersistentNode;
import org.apache.curator.framework.recipes.nodes.PersistentTtlNode;
import org.apache.curator.x.discovery.ServiceCache;
import org.apache.curator.x.discovery.ServiceDiscovery;
import org.apache.curator.x.discovery.ServiceDiscoveryBuilder;
import org.apache.curator.x.discovery.ServiceInstance;
import org.apache.curator.x.discovery.ServiceProvider;
import org.apache.zookeeper.CreateMode;

/** Curator's znodes that stay, groups and service discovery. */
final class NodeCases {
  static void addTo(Cases cases) {
    staying(cases);
    discovery(cases);
  }

  private static void staying(Cases cases) {
    cases.add("PersistentNode: is created again when it is deleted", stage -> {
      CuratorFramework curator = stage.curator();
      PersistentNode node =
          stage.closing(new PersistentNode(stage.curator(), CreateMode.EPHEMERAL, false, "/node", bytes("x")));
      node.start();
      that("it is there", node.waitForInitialCreate(20, TimeUnit.SECONDS));
      long first = curator.checkExists().forPath("/node").getCzxid();
      curator.delete().forPath("/node");
      eventually("it is there again", () -> curator.checkExists().forPath("/node") != null
          && curator.checkExists().forPath("/node").getCzxid() > first);
      node.setData(bytes("y"));
      eventually("its data changes", () -> new String(curator.getData().forPath("/node"), UTF_8).equals("y"));
    });
    cases.add("PersistentNode: protected, ephemeral and sequential", stage -> {
      PersistentNode node = stage.closing(
          new PersistentNode(stage.curator(), CreateMode.EPHEMERAL_SEQUENTIAL, true, "/node-", bytes("x")));
      node.start();
      that("it is there", node.waitForInitialCreate(20, TimeUnit.SECONDS));
      that("its name is protected", node.getActualPath().matches("/_c_[-0-9a-f]{36}-node-0000000000"));
    });
    cases.add("PersistentTtlNode: lives while it is touched", stage -> {
      CuratorFramework curator = stage.curator();
      PersistentTtlNode node = new PersistentTtlNode(stage.curator(), "/node", 1_500, bytes("x"));
      node.start();
      that("it is there", node.waitForInitialCreate(20, TimeUnit.SECONDS));
      eventually("it is touched, and touched again", () -> curator.checkExists().forPath("/node/touch") != null
          && curator.checkExists().forPath("/node/touch").getVersion() > 1);
      node.close();
      eventually("it is gone", () -> curator.checkExists().forPath("/node") == null);
    });
    cases.add("GroupMember: all members know each other", stage -> {
      GroupMember first = stage.closing(new GroupMember(stage.curator(), "/group", "first", bytes("1")));
      GroupMember second = new GroupMember(stage.curator(), "/group", "second", bytes("2"));
      first.start();
      second.start();
      eventually("both are known", () -> first.getCurrentMembers().size() == 2);
      same("2", new String(first.getCurrentMembers().get("second"), UTF_8));
      second.close();
      eventually("one is gone", () -> first.getCurrentMembers().size() == 1);
    });
  }

  private static ServiceInstance<Void> instance(int port) throws Exception {
    return ServiceInstance.<Void>builder().name("shop").address("127.0.0.1").port(port).id("at-" + port).build();
  }

  private static ServiceDiscovery<Void> discovery(Stage stage, int port) throws Exception {
    ServiceDiscovery<Void> discovery = stage.closing(ServiceDiscoveryBuilder.builder(Void.class)
        .client(stage.curator()).basePath("/services").thisInstance(instance(port)).build());
    discovery.start();
    return discovery;
  }

  private static void discovery(Cases cases) {
    cases.add("ServiceDiscovery: services are found while they are registered", stage -> {
      ServiceDiscovery<Void> first = discovery(stage, 1);
      ServiceDiscovery<Void> second = discovery(stage, 2);
      eventually("both are found", () -> first.queryForInstances("shop").size() == 2);
      same(2, first.queryForInstance("shop", "at-2").getPort());
      second.unregisterService(instance(2));
      eventually("one is found", () -> first.queryForInstances("shop").size() == 1);
    });
    cases.add("ServiceProvider: hands out every instance in turn", stage -> {
      ServiceDiscovery<Void> first = discovery(stage, 1);
      discovery(stage, 2);
      ServiceProvider<Void> provider = stage.closing(first.serviceProviderBuilder().serviceName("shop").build());
      provider.start();
      eventually("both are known", () -> provider.getAllInstances().size() == 2);
      that("they take turns", provider.getInstance().getPort() != provider.getInstance().getPort());
    });
    cases.add("ServiceCache: follows what is registered", stage -> {
      ServiceDiscovery<Void> first = discovery(stage, 1);
      ServiceCache<Void> cache = stage.closing(first.serviceCacheBuilder().name("shop").build());
      cache.start();
      ServiceDiscovery<Void> second = discovery(stage, 2);
      eventually("both are there", () -> cache.getInstances().size() == 2);
      second.unregisterService(instance(2));
      eventually("one is there", () -> cache.getInstances().size() == 1);
    });
  }
}
